// `node:stream/promises`.
import Stream from '../stream.js';

export const { finished, pipeline } = Stream.promises;
const whole = { finished, pipeline };
export default whole;
