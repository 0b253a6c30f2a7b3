// `node:stream/web`: the engine's own streams.
import { addGlobals } from '../lib/late-globals.js';

export {
  ByteLengthQueuingStrategy,
  CompressionStream,
  CountQueuingStrategy,
  DecompressionStream,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TextDecoderStream,
  TextEncoderStream,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from '../lib/globals/streams.js';

// `require` gets an object whose names the bundle does not have.
const web = addGlobals(
  {},
  'Byte-LengthQueuingStrategy',
  'Comp-ressionStream',
  'Coun-tQueuingStrategy',
  'Deco-mpressionStream',
  'Read-ableByteStreamController',
  'Read-ableStream',
  'Read-ableStreamBYOBReader',
  'Read-ableStreamBYOBRequest',
  'Read-ableStreamDefaultController',
  'Read-ableStreamDefaultReader',
  'Text-DecoderStream',
  'Text-EncoderStream',
  'Tran-sformStream',
  'Tran-sformStreamDefaultController',
  'Writ-ableStream',
  'Writ-ableStreamDefaultController',
  'Writ-ableStreamDefaultWriter',
);
export default web;
