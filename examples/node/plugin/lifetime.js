// When the plugin ends. The host decides that, and nobody else: an init system or a Ctrl-C on a terminal reaches a whole
// group of processes, at a time when the host still has payments under way.
const parentInterval = 500; // milliseconds between looks at the parent process
const endBudget = 1000; // for a clean end; the host kills after two seconds

// ignoreSignals is for those that a terminal or an init system sends. Standard input is not read: it is empty, and its
// end says nothing about the host.
export function ignoreSignals() {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    process.on(signal, () => {});
  }
}

// watchParent calls gone when the parent is no longer the process that it was when the plugin started: the host was killed
// and could not say goodbye. The interval does not keep the process alive.
export function watchParent(parent, gone) {
  const timer = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(timer);
      gone();
    }
  }, parentInterval);
  timer.unref();
}

// endWith makes sure of the end: close is given a second, then the process ends all the same.
export function endWith(close, code) {
  setTimeout(() => process.exit(code), endBudget).unref();
  close().then(() => process.exit(code), () => process.exit(code));
}

// crashWith handles what nobody caught, outside of any call. Nobody knows what state the process is in, so it ends, and
// the host starts another one. Hosts quote a record's message.
export function crashWith(logger) {
  const crash = (err) => {
    logger.error(`the plugin crashed: ${err?.message ?? err}`, { stack: String(err?.stack) });
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}
