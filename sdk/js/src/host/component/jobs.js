// Adding jobs, in a component.
export { add, addChild } from 'toril:plugin/jobs@0.1.0';
