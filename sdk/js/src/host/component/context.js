// The running job, in a component.
export {
  cancelled,
  childrenValues,
  dependencies,
  getDetails,
  ignoredFailures,
  listChildren,
  log,
  remaining,
  setData,
  setProgress,
} from 'toril:plugin/job-context@0.2.0';
