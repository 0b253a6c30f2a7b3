import { decodeTime, encodeTime, isValid, monotonicFactory, ulid } from 'ulid';

export async function handle() {
  const next = monotonicFactory();
  const ids = [next(1469918176385), next(1469918176385), next(1469918176385)];
  return {
    time: decodeTime(ulid(1469918176385)),
    encoded: encodeTime(1469918176385, 10),
    monotonic: ids[0] < ids[1] && ids[1] < ids[2],
    valid: [isValid(ulid()), isValid('no')],
    length: ulid().length,
  };
}
