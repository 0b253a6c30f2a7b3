// Errors of several kinds, chosen by the job's name.
import type { SandboxedJob } from 'bullmq';

class PaymentError extends Error {
  constructor(readonly code: number) {
    super(`the payment was refused with ${code}`);
    this.name = 'PaymentError';
  }
}

export default async function (job: SandboxedJob) {
  switch (job.name) {
    case 'own':
      throw new PaymentError(402);
    case 'cause':
      throw new Error('outer', { cause: new Error('inner') });
    case 'empty':
      throw new Error('');
    case 'text':
      throw 'only text';
    case 'nothing':
      throw undefined;
    case 'big':
      return 1n;
    case 'number':
      throw 7;
    default:
      return JSON.parse('{');
  }
}
