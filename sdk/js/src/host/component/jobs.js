// Adding jobs, in a component.
export { add, addAll, addChild } from 'toril:plugin/jobs@0.2.0';
