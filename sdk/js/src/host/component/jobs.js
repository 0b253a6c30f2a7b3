// Adding jobs, in a component.
export { add, addChild } from 'toril:plugin/jobs@0.2.0';
