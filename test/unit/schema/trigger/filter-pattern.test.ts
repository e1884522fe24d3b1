import { describe, expect, test } from 'vitest'
import { matchesPattern, matchesPatterns } from '../../../../schema/trigger/filter-pattern.ts'

/** Source: "Workflow syntax for GitHub Actions", filter pattern cheat sheet; then what it leaves open. */
const PATTERNS: readonly (readonly [pattern: string, fits: readonly string[], doesNot: readonly string[]])[] =
  [
    ['feature/*', ['feature/my-branch', 'feature/your-branch'], ['feature/a/b', 'feature', 'a/feature/b']],
    [
      'feature/**',
      ['feature/beta-a/my-branch', 'feature/your-branch', 'feature/mona/the/octocat'],
      ['features/a'],
    ],
    ['main', ['main'], ['main2', 'mai', 'Main']],
    ['releases/mona-the-octocat', ['releases/mona-the-octocat'], ['releases/mona']],
    ['*', ['main', 'releases'], ['all/the/branches']],
    ['**', ['all/the/branches', 'every/tag', ''], []],
    ['*feature', ['mona-feature', 'feature', 'ver-10-feature'], ['a/feature']],
    ['v2*', ['v2', 'v2.0', 'v2.9'], ['v1', 'v2/0']],
    ['v[12].[0-9]+.[0-9]+', ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1..1', 'v1.1']],
    ['*.jsx?', ['page.js', 'page.jsx'], ['page.jsxx', 'a/page.js']],
    ['*.js', ['app.js', 'index.js'], ['js/index.js']],
    ['**.js', ['index.js', 'js/index.js', 'src/js/app.js'], ['index.ts']],
    ['docs/*', ['docs/README.md', 'docs/file.txt'], ['docs/a/b.md']],
    ['docs/**', ['docs/README.md', 'docs/mona/octocat.txt'], ['docs', 'my/docs/a']],
    [
      'docs/**/*.md',
      ['docs/README.md', 'docs/mona/hello-world.md', 'docs/a/markdown/file.md'],
      ['docs/a.txt'],
    ],
    ['**/docs/**', ['docs/hello.md', 'dir/docs/my-file.txt', 'space/docs/plan/space.doc'], ['mydocs/a']],
    ['**/README.md', ['README.md', 'js/README.md'], ['MYREADME.md']],
    ['**/*src/**', ['a/src/app.js', 'my-src/code/js/app.js'], ['srcs/a']],
    ['**/*-post.md', ['my-post.md', 'path/their-post.md'], ['post.md']],
    [
      '**/migrate-*.sql',
      ['migrate-10909.sql', 'db/migrate-v1.0.sql', 'db/sept/migrate-v1.sql'],
      ['migrate.sql'],
    ],
    ['a\\*b', ['a*b'], ['axb', 'a\\b']],
    ['[a-c-]x', ['bx', '-x'], ['dx', 'x']],
    ['[ab', ['[ab'], ['a', 'b']],
    ['a.b', ['a.b'], ['axb']],
    ['a+b?', ['a', 'aaab'], ['b', 'abb']],
    ['é?😀+', ['😀', 'é😀😀'], ['é']],
    ['a**b', ['ab', 'a/x/b'], ['a/x']],
  ]

test.each(PATTERNS)('%s', (pattern, fits, doesNot) => {
  expect(fits.filter((text) => !matchesPattern(pattern, text))).toEqual([])
  expect(doesNot.filter((text) => matchesPattern(pattern, text))).toEqual([])
})

test('a pattern that is made to take for ever is done in time', () => {
  const steps = '**a*a+[a-z]+'.repeat(60)
  const start = process.cpuUsage().user
  expect(matchesPattern(`${steps}!`, 'a'.repeat(4000))).toBe(false)
  expect((process.cpuUsage().user - start) / 1000).toBeLessThan(5000)
})

describe('lists of patterns', () => {
  test.each<[situation: string, patterns: readonly string[], text: string, isIn: boolean]>([
    ['a negative pattern after a positive one takes away', ['*.md', '!README.md'], 'README.md', false],
    ['what it does not name stays', ['*.md', '!README.md'], 'hello.md', true],
    ['a positive pattern after it puts back', ['*.md', '!README.md', 'README*'], 'README.md', true],
    [
      'a sub-project without its docs',
      ['sub-project/**', '!sub-project/docs/**'],
      'sub-project/docs/a.md',
      false,
    ],
    [
      'releases without the alpha ones',
      ['releases/**', '!releases/**-alpha'],
      'releases/beta/3-alpha',
      false,
    ],
    ['only negative patterns let nothing through', ['!a'], 'b', false],
    ['none', [], 'a', false],
  ])('%s', (_, patterns, text, isIn) => {
    expect(matchesPatterns(patterns, text)).toBe(isIn)
  })
})
