// fetch and its classes.
import { defineGlobals } from 'toril:runtime/core';
import { fetch } from './fetch.js';
import { Headers } from './headers.js';
import { Request } from './request.js';
import { Response } from './response.js';

export { Headers, Request, Response, fetch };

defineGlobals({ fetch, Headers, Request, Response });
