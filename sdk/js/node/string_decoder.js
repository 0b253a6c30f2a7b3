// `node:string_decoder`: the npm package of that name, which is Node's own code.
import { StringDecoder } from 'string_decoder';

export { StringDecoder };
const whole = { StringDecoder };
export default whole;
