// Names of time zones, such as "Central European Summer Time".
import { zone } from './zones.js';

const two = (number) => String(number).padStart(2, '0');

/** The offset as `GMT+1` or `GMT+01:00`. */
export function offsetName({ gmtFormat }, offset, isLong) {
  const seconds = Math.abs(Math.trunc(offset / 1000));
  const [hour, minute, second] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const rest = isLong || minute > 0 || second > 0 ? `:${two(minute)}` : '';
  const text = `${offset < 0 ? '-' : '+'}${isLong ? two(hour) : hour}${rest}${second > 0 ? `:${two(second)}` : ''}`;
  return gmtFormat.replace('{0}', text);
}

/** CLDR has the names of UTC below `Etc/UTC`. */
const keyOf = (name) => (name === 'UTC' ? 'Etc/UTC' : name);

function specificName(names, name, time, width) {
  const { offset, isSummer } = zone(name).at(time);
  const kind = isSummer ? 'daylight' : 'standard';
  const metazone = names.metazones[zone(name).metazoneAt(time)];
  return names.own[keyOf(name)]?.[width]?.[kind] ?? metazone?.[width]?.[kind] ?? offsetName(names, offset, width === 'long');
}

/** A name for all of the year. A zone without one has its offset. ICU would name it by its country or city. */
function genericName(names, name, time, width) {
  const found = names.metazones[zone(name).metazoneAt(time)]?.[width];
  const text = zone(name).hasSummerNear(time) ? found?.generic : (found?.standard ?? found?.generic);
  return text ?? offsetName(names, zone(name).at(time).offset, width === 'long');
}

/** The text of a field `z`, `O` or `v`. */
export function zoneName(names, name, time, letters) {
  const width = letters.length === 4 ? 'long' : 'short';
  if (letters[0] === 'z') return specificName(names, name, time, width);
  if (letters[0] === 'v') return genericName(names, name, time, width);
  return offsetName(names, zone(name).at(time).offset, width === 'long');
}
