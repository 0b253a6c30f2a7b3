import {
  add,
  differenceInBusinessDays,
  eachDayOfInterval,
  format,
  formatDistance,
  intervalToDuration,
  parse,
  parseISO,
} from 'date-fns';
import { de } from 'date-fns/locale';

export async function handle() {
  const start = parseISO('2026-02-27T10:00:00Z');
  return {
    formatted: format(start, "yyyy-MM-dd'T'HH:mm, EEEE do MMMM, 'week' I"),
    german: format(start, 'PPPP', { locale: de }),
    distance: formatDistance(start, add(start, { months: 2, days: 3 }), { addSuffix: true }),
    business: differenceInBusinessDays(parseISO('2026-03-09'), parseISO('2026-02-27')),
    days: eachDayOfInterval({ start, end: add(start, { days: 3 }) }).map((day) => format(day, 'dd.MM.')),
    duration: intervalToDuration({ start, end: add(start, { hours: 49, minutes: 5 }) }),
    parsed: parse('24/12/2026 18:30', 'dd/MM/yyyy HH:mm', new Date(0)).getHours(),
  };
}
