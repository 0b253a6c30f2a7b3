// Ends a child process of BullMQ's sandbox when its worker is killed. BullMQ's own code then fails to send its results, treats
// that as an uncaught error, and tries to send it, without end.
process.on('disconnect', () => process.exit());
