import { Octokit } from '@octokit/rest';

export async function handle(job: { data: { url: string } }) {
  const octokit = new Octokit({
    auth: 'token',
    baseUrl: `${job.data.url}/github`,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const { data: repo } = await octokit.repos.get({ owner: 'o', repo: 'r' });
  const issues = await octokit.paginate(octokit.issues.listForRepo, { owner: 'o', repo: 'r', per_page: 2 });
  const created = await octokit.issues.create({ owner: 'o', repo: 'r', title: 'Bug', labels: ['x'] });
  const failed = await octokit.repos.get({ owner: 'o', repo: 'missing' }).catch((error) => error);
  return {
    repo,
    titles: issues.map((issue) => issue.title),
    created: created.data,
    failed: { status: failed.status, name: failed.name },
  };
}
