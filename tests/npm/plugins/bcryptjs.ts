import bcrypt from 'bcryptjs';

export async function handle() {
  const hash = await bcrypt.hash('secret', '$2b$04$abcdefghijklmnopqrstuu');
  const salted = bcrypt.hashSync('wörld', 4);
  return {
    hash,
    rounds: bcrypt.getRounds(hash),
    good: await bcrypt.compare('secret', hash),
    bad: await bcrypt.compare('other', hash),
    salted: bcrypt.compareSync('wörld', salted),
    salt: bcrypt.genSaltSync(4).length,
  };
}
