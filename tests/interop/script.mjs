// The common part of all scripts: one JSON argument as input, JSON lines as output, and connections that are closed
// at the end.

import { Cluster } from 'ioredis';

/// Connections that were passed to BullMQ's classes, which therefore do not close them.
const clusters = [];

/// Runs `main` with the script's argument, prints its result as the last line, and closes everything that it opened.
///
/// `main(input, open)` gets the parsed JSON argument and a function that registers an object with a `close()` method.
export async function script(main) {
  const opened = [];
  const open = (thing) => {
    thing.on?.('error', (error) => console.error(`${thing.constructor.name}: ${error.message}`));
    opened.push(thing);
    return thing;
  };
  try {
    const result = await main(JSON.parse(process.argv[2] ?? '{}'), open);
    await closeAll(opened);
    say(result);
  } catch (error) {
    console.error(error?.stack ?? String(error));
    process.exitCode = 1;
    await closeAll(opened).catch((failed) => console.error(failed));
  }
}

/// Prints one JSON line.
export function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/// The connection options of all BullMQ classes: one Redis, the nodes of a cluster, or the master of sentinels.
/// NODE_EXTRA_CA_CERTS passes a private CA to Node.
export function options({ redis, cluster, sentinels, master, prefix }) {
  if (sentinels) {
    const places = sentinels.map((place) => ({ host: place.split(':')[0], port: Number(place.split(':')[1]) }));
    return { connection: { sentinels: places, name: master, maxRetriesPerRequest: null }, ...(prefix && { prefix }) };
  }
  if (cluster) {
    const connection = new Cluster(cluster, { redisOptions: { maxRetriesPerRequest: null } });
    clusters.push(connection);
    return { connection, ...(prefix && { prefix }) };
  }
  if (!redis) throw new Error('The argument has no Redis: add {"redis": "redis://127.0.0.1:PORT", …}.');
  return { connection: { url: redis, maxRetriesPerRequest: null }, ...(prefix && { prefix }) };
}

async function closeAll(opened) {
  for (const thing of opened.reverse()) await thing.close();
  for (const connection of clusters) connection.disconnect();
}
