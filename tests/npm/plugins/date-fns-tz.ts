import { format, formatInTimeZone, fromZonedTime, getTimezoneOffset, toZonedTime } from 'date-fns-tz';

export async function handle() {
  const instant = new Date('2026-07-01T12:00:00Z');
  return {
    berlin: formatInTimeZone(instant, 'Europe/Berlin', "yyyy-MM-dd HH:mm:ssXXX '('zzz')'"),
    newYork: formatInTimeZone(instant, 'America/New_York', 'yyyy-MM-dd h:mm a zzzz'),
    winter: formatInTimeZone(new Date('2026-01-01T12:00:00Z'), 'America/New_York', 'HH:mm zzz'),
    parsed: fromZonedTime('2026-03-29 03:30:00', 'Europe/Berlin').toISOString(),
    zoned: toZonedTime(instant, 'Asia/Kolkata').getHours(),
    formatted: format(toZonedTime(instant, 'Asia/Tokyo'), 'HH:mm zzz', { timeZone: 'Asia/Tokyo' }),
    offset: getTimezoneOffset('Australia/Lord_Howe', instant),
    unknown: getTimezoneOffset('Mars/Olympus', instant),
  };
}
