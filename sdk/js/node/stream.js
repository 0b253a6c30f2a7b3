// `node:stream`: the npm package `readable-stream`, which is Node's own code, and the conversions to web streams.
import Stream from 'readable-stream/lib/stream.js';
import { provideStreams } from './lib/stream-if-used.js';
import { readableFromWeb, readableToWeb, writableFromWeb, writableToWeb } from './lib/web-streams.js';

export const {
  Duplex,
  PassThrough,
  Readable,
  Transform,
  Writable,
  addAbortSignal,
  compose,
  destroy,
  finished,
  isDisturbed,
  isErrored,
  isReadable,
  pipeline,
  promises,
} = Stream;

Readable.fromWeb = (stream, options) => readableFromWeb(Readable, stream, options);
Readable.toWeb = readableToWeb;
Writable.fromWeb = (stream, options) => writableFromWeb(Writable, stream, options);
Writable.toWeb = writableToWeb;
Duplex.fromWeb = ({ readable, writable }, options) =>
  Duplex.from({ readable: Readable.fromWeb(readable, options), writable: Writable.fromWeb(writable, options) });
Duplex.toWeb = (duplex) => ({ readable: readableToWeb(duplex), writable: writableToWeb(duplex) });

provideStreams({ Transform, Writable });

let byteMark = 64 * 1024;
let objectMark = 16;
export const getDefaultHighWaterMark = (objectMode) => (objectMode ? objectMark : byteMark);
export const setDefaultHighWaterMark = (objectMode, value) => {
  if (objectMode) objectMark = value;
  else byteMark = value;
};
export const isWritable = (stream) => Boolean(stream.writable) && !stream.destroyed;
Object.assign(Stream, { getDefaultHighWaterMark, setDefaultHighWaterMark, isWritable });

export { Stream, Stream as default };
