// `node --import @toril/plugin/typescript`: lets Node read TypeScript, so that tests need no build.
import { register } from 'node:module';

register('./typescript-hooks.js', import.meta.url);
