// Reads what github-sync keeps, with ioredis (or any client that has `get` and `mget`):
//
//     import Redis from 'ioredis';
//     import { GithubState } from './read.mjs';
//
//     const state = new GithubState(new Redis(), { namespace: 'app:production' });
//     const { full_name, stargazers_count } = await state.repository('taskforcesh/bullmq');
//     for await (const issue of state.items('taskforcesh/bullmq', 'issues')) console.log(issue.number, issue.title);
//
// docs/github-sync.md has all keys, and what is in them.

/** How many items are read at once. */
const BATCH = 500;

export class GithubState {
  /** `namespace` is that of `[redis]` in queues.toml, `plugin` the name of the plugin's entry there. */
  constructor(redis, { namespace = 'toril', plugin = 'github-sync' } = {}) {
    this.redis = redis;
    this.prefix = `${namespace}:plugin:${plugin}:`;
  }

  /** GitHub's number of a repository, also by a name that it had before. Null: it was never synced. */
  async id(repo) {
    const name = await this.#json(`name:${repo.toLowerCase()}`);
    return name?.id ?? null;
  }

  /** The repository itself, or null. */
  async repository(repo) {
    const id = await this.id(repo);
    return id === null ? null : this.#json(`repo:${id}`);
  }

  /** How far a resource, such as `issues`, is synced: `synced_at`, `full_at`, `count`, `cursor`. */
  async state(repo, resource) {
    return this.#json(`repo:${await this.id(repo)}:${resource}:state`);
  }

  /** One item: an issue by its number, a label by its id, a branch by its name. Null if it is not kept. */
  async item(repo, resource, key) {
    return this.#json(`repo:${await this.id(repo)}:${resource}:item:${key}`);
  }

  /** All items of a resource: in the order of their keys, or with `keep = "all"` in the order in which they were first kept. */
  async *items(repo, resource) {
    const of = `repo:${await this.id(repo)}:${resource}`;
    for await (const keys of this.#keys(of)) {
      for (let from = 0; from < keys.length; from += BATCH) {
        const names = keys.slice(from, from + BATCH).map((key) => `${this.prefix}${of}:item:${key}`);
        for (const text of await this.redis.mget(names)) {
          // One that was deleted since the index was read.
          if (text !== null) yield JSON.parse(text);
        }
      }
    }
  }

  /** The keys of the items: from the index, or part by part. */
  async *#keys(of) {
    const index = await this.#json(`${of}:index`);
    if (index !== null) {
      yield Object.keys(index.items);
      return;
    }
    const parts = (await this.#json(`${of}:state`))?.parts ?? 0;
    for (let part = 1; part <= parts; part += 1) yield (await this.#json(`${of}:part:${part}`))?.keys ?? [];
  }

  async #json(key) {
    const text = await this.redis.get(this.prefix + key);
    return text === null ? null : JSON.parse(text);
  }
}
