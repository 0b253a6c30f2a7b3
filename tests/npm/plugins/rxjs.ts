import {
  EMPTY,
  Subject,
  catchError,
  concatMap,
  delay,
  filter,
  firstValueFrom,
  from,
  interval,
  lastValueFrom,
  map,
  mergeMap,
  of,
  reduce,
  retry,
  scan,
  take,
  throwError,
  toArray,
  zip,
} from 'rxjs';

export async function handle() {
  let attempts = 0;
  const subject = new Subject<number>();
  const seen: number[] = [];
  subject.pipe(scan((sum, value) => sum + value, 0)).subscribe((value) => seen.push(value));
  subject.next(1);
  subject.next(2);
  return {
    evens: await lastValueFrom(
      from([1, 2, 3, 4]).pipe(
        filter((n) => n % 2 === 0),
        map((n) => n * n),
        toArray(),
      ),
    ),
    ticks: await lastValueFrom(
      interval(2).pipe(
        take(3),
        reduce((sum, n) => sum + n, 0),
      ),
    ),
    ordered: await lastValueFrom(
      from([20, 1]).pipe(
        concatMap((ms) => of(ms).pipe(delay(ms))),
        toArray(),
      ),
    ),
    merged: await lastValueFrom(
      from([20, 1]).pipe(
        mergeMap((ms) => of(ms).pipe(delay(ms))),
        toArray(),
      ),
    ),
    zipped: await firstValueFrom(zip(of('a'), of(1))),
    caught: await lastValueFrom(throwError(() => new Error('no')).pipe(catchError((error) => of(error.message)))),
    retried: await lastValueFrom(
      of(0).pipe(
        map(() => {
          if ((attempts += 1) < 3) throw new Error('again');
          return attempts;
        }),
        retry(3),
      ),
    ),
    empty: await firstValueFrom(EMPTY, { defaultValue: 'none' }),
    seen,
  };
}
