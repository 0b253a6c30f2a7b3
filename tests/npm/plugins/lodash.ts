import _ from 'lodash';
import groupBy from 'lodash/groupBy.js';

export async function handle() {
  const people = [
    { name: 'Ann', team: 'a', age: 30 },
    { name: 'Bob', team: 'b', age: 41 },
    { name: 'Cid', team: 'a', age: 25 },
  ];
  const calls: number[] = [];
  const debounced = _.debounce((value: number) => calls.push(value), 5);
  debounced(1);
  debounced(2);
  await new Promise((resolve) => setTimeout(resolve, 60));
  return {
    grouped: groupBy(people, 'team'),
    chained: _.chain(people).sortBy('age').map('name').reverse().value(),
    merged: _.merge({ a: { b: [1, 2] } }, { a: { b: [3], c: 4 } }),
    template: _.template('Hello <%- name %>! <% _.each([1, 2], (n) => { %><%= n %>,<% }) %>')({ name: '<Ann>' }),
    words: _.map(['fooBar', 'foo bar', 'FOO_BAR'], _.camelCase),
    equal: _.isEqual({ a: [new Map([[1, { b: 2 }]])] }, { a: [new Map([[1, { b: 2 }]])] }),
    deep: _.get({ a: [{ b: { c: 3 } }] }, 'a[0].b.c'),
    cloned: _.cloneDeep({ when: new Date(0), set: new Set([1]) }).when.toISOString(),
    calls,
  };
}
