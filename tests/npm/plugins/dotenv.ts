import dotenv from 'dotenv';

export async function handle() {
  const text = '# comment\nA=1\nB="two\\nlines"\nC=\'single $A\'\nexport D= spaced \nE=`back "tick"`\n';
  const parsed = dotenv.parse(text);
  const loaded = dotenv.config({ path: '/no/such/.env', quiet: true });
  const target: Record<string, string> = { A: 'kept' };
  dotenv.populate(target, parsed, { override: false } as never);
  return {
    parsed,
    target,
    error: (loaded.error as { code?: string } | undefined)?.code,
    buffer: dotenv.parse(Buffer.from('X=ä')),
  };
}
