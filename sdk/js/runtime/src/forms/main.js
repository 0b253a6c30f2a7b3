// Blob, File and FormData.
import { defineGlobals } from 'toril:runtime/core';
import { Blob, File, chunksOf } from './blob.js';
import { FormData } from './form-data.js';

export { Blob, File, FormData, chunksOf };
export { readForm, writeForm } from './multipart.js';

defineGlobals({ Blob, File, FormData });
