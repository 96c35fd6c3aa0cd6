// Two worker threads and the main thread fill arrays and drop them.
const { Worker, isMainThread, parentPort } = require('node:worker_threads');

function work(rounds) {
  let total = 0;
  for (let round = 0; round < rounds; round++) {
    const blocks = [];
    for (let n = 1; n < 200; n++) blocks.push(new Array(n * 10).fill(n));
    total += blocks.length + Buffer.alloc(100000 + round).length;
  }
  return total;
}

if (isMainThread) {
  for (let n = 0; n < 2; n++) new Worker(__filename).on('message', (total) => console.log(total));
  console.log(work(20));
} else {
  parentPort.postMessage(work(20));
}
