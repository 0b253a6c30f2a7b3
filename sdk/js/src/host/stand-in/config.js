// Settings, outside of a component.
import { state } from './state.js';

export const get = (key) => state().config[key];
