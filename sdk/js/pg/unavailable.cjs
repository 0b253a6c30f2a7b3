// What a plugin has instead of `pg`'s modules for passwords, which the host knows alone.
module.exports = { DEFAULT_MAX_SCRAM_ITERATIONS: 0 };
