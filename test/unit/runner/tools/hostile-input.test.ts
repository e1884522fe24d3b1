import { symlinkSync } from 'node:fs'
import { join, sep } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StepFailure } from '../../../../runner/failure.ts'
import { resolveForWrite, resolveInRoot } from '../../../../runner/tools/root.ts'
import { splitCommandLine } from '../../../../schema/command-line.ts'
import { createToolWorld } from './tool-world.ts'

const PARTS = [
  '..',
  '.',
  '',
  '.git',
  '.GIT ',
  'git~1',
  'docs',
  'out',
  'in',
  'a.txt',
  '.github',
  'workflows',
  'ż',
  ':',
  '\\',
  '\0',
  '~',
  ' ',
]

test('no path leads out of the repository or into .git', async () => {
  const world = createToolWorld({ 'docs/a.txt': 'a', '.git/config': 'c' })
  symlinkSync('/etc', join(world.root, 'out'))
  symlinkSync('docs', join(world.root, 'in'))
  const use = { tool: 't', argument: 'path' }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.constantFrom(...PARTS), fc.string({ maxLength: 4 })), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.constantFrom('', '/', './', `${world.root}/`),
      async (parts, start) => {
        for (const resolve of [resolveInRoot, resolveForWrite]) {
          try {
            const place = await resolve(world.context, start + parts.join('/'), use)
            expect(`${place.absolute}${sep}`.startsWith(`${world.root}${sep}`)).toBe(true)
            expect(place.relative.toLowerCase().split('/')).not.toContain('.git')
            expect(place.absolute.split(sep)).not.toContain('..')
          } catch (error) {
            if (!(error instanceof StepFailure)) throw error
          }
        }
      },
    ),
    { numRuns: 500, seed: 7 },
  )
})

test('a quoted word comes out of a command line as it went in', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), (words) => {
      const single = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
      expect(splitCommandLine(single)).toEqual({ ok: true, words })
    }),
    { seed: 7 },
  )
})
