// The form that TypeScript's compiler writes for CommonJS.
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = (job) => ({ seen: job.data });
