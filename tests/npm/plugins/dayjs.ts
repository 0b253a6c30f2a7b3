import dayjs from 'dayjs';
import customParseFormat from 'dayjs/plugin/customParseFormat.js';
import duration from 'dayjs/plugin/duration.js';
import isoWeek from 'dayjs/plugin/isoWeek.js';
import relativeTime from 'dayjs/plugin/relativeTime.js';
import timezone from 'dayjs/plugin/timezone.js';
import utc from 'dayjs/plugin/utc.js';
import 'dayjs/locale/fr.js';

dayjs.extend(customParseFormat);
dayjs.extend(duration);
dayjs.extend(isoWeek);
dayjs.extend(relativeTime);
dayjs.extend(timezone);
dayjs.extend(utc);

export async function handle() {
  const day = dayjs.utc('2026-02-27T10:11:12Z');
  return {
    formatted: day.format('YYYY-MM-DD HH:mm:ss dddd'),
    french: day.locale('fr').format('dddd D MMMM YYYY'),
    week: day.isoWeek(),
    relative: day.to(day.add(5, 'hour')),
    duration: dayjs.duration({ hours: 27, minutes: 3 }).toISOString(),
    parsed: dayjs.utc('12-25-2026', 'MM-DD-YYYY').toISOString(),
    month: day.endOf('month').date(),
    diff: day.diff(dayjs.utc('2025-01-01'), 'day'),
    tokyo: day.tz('Asia/Tokyo').format('YYYY-MM-DD HH:mm Z'),
    spring: dayjs.tz('2026-03-29 03:30', 'Europe/Berlin').toISOString(),
    zone: day.tz('America/New_York').offsetName('long'),
  };
}
