import { describe, expect, it } from 'vitest'
import { joinFilters } from '../../../../schema/github-workflow/filters.ts'

type Options = Readonly<Record<string, unknown>>

describe('filters that let through what any of several triggers lets through', () => {
  it.each<[situation: string, event: string, options: Options[], joined: Options]>([
    [
      'one trigger keeps what it says',
      'push',
      [{ branches: ['main', 'v*', '!v0*'], paths: ['a/**'] }],
      { branches: ['main', 'v*', '!v0*'], paths: ['a/**'] },
    ],
    ['a text is a list of one', 'push', [{ branches: 'main' }], { branches: ['main'] }],
    [
      'lists are joined, each entry once',
      'push',
      [{ paths: ['a', 'b'] }, { paths: ['b', 'c'] }],
      { paths: ['a', 'b', 'c'] },
    ],
    ['without a filter, everything', 'push', [{ paths: ['a'] }, {}], {}],
    [
      'filters of different kinds, everything',
      'pull_request',
      [{ paths: ['a'] }, { branches: ['main'] }],
      { types: ['opened', 'synchronize', 'reopened'] },
    ],
    [
      'what one takes away another may want',
      'push',
      [{ branches: ['**', '!old'] }, { branches: ['old'] }],
      { branches: ['**', 'old'] },
    ],
    [
      'the same list twice stays in its order',
      'push',
      [{ branches: ['**', '!old'] }, { branches: ['**', '!old'] }],
      { branches: ['**', '!old'] },
    ],
    [
      'branches of one and tags of another',
      'push',
      [{ branches: ['main'] }, { tags: ['v*'] }],
      { branches: ['main'], tags: ['v*'] },
    ],
    [
      'a list and all but a list',
      'push',
      [{ branches: ['main'] }, { 'branches-ignore': ['old'] }],
      { branches: ['**'] },
    ],
    [
      'the same list to ignore',
      'push',
      [{ 'paths-ignore': ['docs/**'] }, { 'paths-ignore': ['docs/**'] }],
      { 'paths-ignore': ['docs/**'] },
    ],
    ['other lists to ignore', 'push', [{ 'paths-ignore': ['docs/**'] }, { 'paths-ignore': ['a'] }], {}],
    ['a pattern that GitHub may read otherwise', 'push', [{ paths: ['./src/**'] }], {}],
    [
      'a pattern with an expression',
      'push',
      [{ branches: ['$' + '{{ github.ref }}'] }],
      { branches: ['**'] },
    ],
    [
      'types of both',
      'issues',
      [{ types: ['opened'] }, { types: ['labeled', 'opened'] }],
      { types: ['opened', 'labeled'] },
    ],
    ['all types for one of them', 'issues', [{ types: ['opened'] }, {}], {}],
    ['types that do not exist', 'issues', [{ types: ['openend', 'closed'] }], { types: ['closed'] }],
    [
      'the types of a pull request without any',
      'pull_request',
      [{ types: ['closed'] }, {}],
      { types: ['closed', 'opened', 'synchronize', 'reopened'] },
    ],
    [
      'types that a sender chooses',
      'repository_dispatch',
      [{ types: ['deploy', 'a\nb'] }],
      { types: ['deploy'] },
    ],
    [
      'filters that only the action knows',
      'pull_request',
      [{ labels: ['ai'], draft: false, types: ['opened'] }],
      { types: ['opened'] },
    ],
    ['an event without filters', 'workflow_dispatch', [{ branches: ['main'] }], {}],
  ])('%s', (_, event, options, joined) => {
    expect(
      joinFilters(
        event,
        options.map((one) => ({ options: one })),
      ),
    ).toEqual(joined)
  })
})
