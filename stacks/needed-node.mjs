/** For an entry point's first import: an old Node's user is told which one is needed. Plain JavaScript: an old Node reads it. */
if (!process.features.typescript) {
  console.error(`This project needs Node 22.18 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
