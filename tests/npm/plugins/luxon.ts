import { DateTime, Duration, Interval } from 'luxon';

export async function handle() {
  const day = DateTime.fromISO('2026-02-27T10:11:12Z', { zone: 'utc' });
  return {
    iso: day.plus({ months: 1, days: 2 }).toISO(),
    formatted: day.toFormat("yyyy LLL dd, cccc 'at' HH:mm"),
    week: day.weekNumber,
    locale: day.setLocale('en-US').toLocaleString(DateTime.DATE_FULL),
    interval: Interval.fromDateTimes(day, day.plus({ days: 3 })).splitBy({ days: 1 }).length,
    duration: Duration.fromObject({ hours: 30, minutes: 61 }).normalize().toHuman(),
    offset: DateTime.fromISO('2026-02-27T10:11:12+05:30', { setZone: true }).offset,
    newYork: DateTime.fromISO('2026-07-01T12:00:00Z').setZone('America/New_York').toFormat('HH:mm'),
    invalid: DateTime.fromISO('nonsense').invalidReason,
  };
}
