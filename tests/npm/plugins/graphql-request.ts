import { ClientError, GraphQLClient, gql, request } from 'graphql-request';

const query = gql`
  query Person($id: ID!) {
    person(id: $id) { name }
  }
`;

export async function handle(job: { data: { url: string } }) {
  const client = new GraphQLClient(`${job.data.url}/graphql`, { headers: { authorization: 'Bearer t' } });
  const failed = await client.request('{ broken }').catch((error) => error);
  return {
    data: await client.request(query, { id: '1' }),
    raw: (await client.rawRequest(query, { id: '2' })).status,
    direct: await request(`${job.data.url}/graphql`, query, { id: '3' }),
    failed: { is: failed instanceof ClientError, errors: failed.response?.errors },
  };
}
