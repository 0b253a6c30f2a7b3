// Only the name says that the error is unrecoverable.
module.exports = async () => {
  const error = new Error('known by its name');
  error.name = 'UnrecoverableError';
  throw error;
};
