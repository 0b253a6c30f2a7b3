// Runs the plugin's example: node read.mjs '{ "redis": URL, "namespace": "toril", "repo": "owner/name" }'
import Redis from 'ioredis';

import { GithubState } from '../../plugins/github-sync/examples/read.mjs';

const { redis: url, namespace, repo } = JSON.parse(process.argv[2]);
const redis = new Redis(url);
const state = new GithubState(redis, { namespace });
const titles = [];
for await (const issue of state.items(repo, 'issues')) titles.push(issue.title);
const { full_name, default_branch } = await state.repository(repo);
const first = await state.item(repo, 'issues', 1);
const { count } = await state.state(repo, 'issues');
console.log(JSON.stringify({ full_name, default_branch, titles, count, first: first.title }));
redis.disconnect();
