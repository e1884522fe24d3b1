import { expect, test } from 'vitest'
import { type Command, readCommand } from '../../../action/read-command.ts'
import { writeCommand } from '../../../action/write-command.ts'
import { Refusal } from '../../../runner/failure.ts'

const RUN = '20260102T030405Z-3f9a1c2e'

const READ: readonly (readonly [line: string, command: Command])[] = [
  ['/codemie', { name: 'help' }],
  ['/codemie help me', { name: 'help' }],
  ['/codemie   run\treport', { name: 'run', workflow: 'report', inputs: {} }],
  [
    '/codemie run "weekly report" a=1 b.c=',
    { name: 'run', workflow: 'weekly report', inputs: { a: '1', 'b.c': '' } },
  ],
  [
    '/codemie run r a="x y" "b=z w" c=p"q r"s',
    { name: 'run', workflow: 'r', inputs: { a: 'x y', b: 'z w', c: 'pq rs' } },
  ],
  [
    '/codemie run r a="say \\"hi\\"\\n\\\\" b==',
    { name: 'run', workflow: 'r', inputs: { a: 'say "hi"\n\\', b: '=' } },
  ],
  [
    "/codemie run r a=it's $(id) b=`id`".replace(' $(id)', ''),
    { name: 'run', workflow: 'r', inputs: { a: "it's", b: '`id`' } },
  ],
  [`/codemie approve ${RUN} review[3]`, { name: 'approve', run: RUN, step: 'review[3]' }],
  [
    `/codemie approve ${RUN} "a b/c" 3f9a1c2e`,
    { name: 'approve', run: RUN, step: 'a b/c', digest: '3f9a1c2e' },
  ],
  [`/codemie reject ${RUN} send`, { name: 'reject', run: RUN, step: 'send' }],
  [
    `/codemie reject ${RUN} send don't like it`,
    { name: 'reject', run: RUN, step: 'send', reason: "don't like it" },
  ],
  [`/codemie rerun ${RUN}`, { name: 'rerun', run: RUN }],
  [`/codemie abort ${RUN} "too late"`, { name: 'abort', run: RUN, reason: 'too late' }],
]

test.each(READ)('%s', (line, command) => {
  expect(readCommand(line)).toEqual(command)
})

const REFUSED: readonly (readonly [line: string, says: string])[] = [
  ['/codemie Run report', "There is no command 'Run'. Did you mean 'run'?"],
  ['/codemie toString', "There is no command 'toString'. There are run, approve"],
  ['/codemie run', 'takes the name of a workflow there, and found nothing'],
  ['/codemie run a=b', "takes the name of a workflow there, and found 'a=b'"],
  ['/codemie run r 1=2', "takes `key=value` there, and found '1=2'"],
  ['/codemie run r a=1 a=2', "'a' is given twice"],
  ['/codemie run r a="b', 'A quote is not closed'],
  ['/codemie run r a="b\\"', 'A quote is not closed'],
  ['/codemie run re\u200bport', 'It reads /codemie run re[U+200B]port'],
  ['/codemie run r a=\u202ex', 'characters that nobody sees'],
  [`/codemie run r a=${'x'.repeat(4000)}`, 'at most 4000 characters'],
  ['/codemie approve', 'takes the whole id of a run'],
  ['/codemie approve latest send', "found 'latest'"],
  [`/codemie approve ${RUN}`, 'takes the step that waits there, and found nothing'],
  [`/codemie approve ${RUN} send 123`, 'takes the first 8 or more digits of a digest'],
  [`/codemie approve ${RUN} send 3f9a1c2e now`, 'takes nothing after the digest'],
  [`/codemie rerun ${RUN} now`, 'takes nothing after the run'],
]

test.each(REFUSED)('%s is refused', (line, says) => {
  let refusal: unknown
  try {
    readCommand(line)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toBeInstanceOf(Refusal)
  const { code, message, help } = refusal as Refusal
  expect(code).toBe('command-invalid')
  expect(`${message}. ${help ?? ''}`).toContain(says)
})

test('the words of a command that is shown come back, whatever they are', () => {
  for (const step of [
    'send',
    'refine[2]/tester',
    'a b',
    'say "hi"',
    'back\\slash',
    'two\nlines',
    "it's",
    'ünï',
  ]) {
    expect(readCommand(writeCommand('approve', RUN, step, '3f9a1c2e'))).toEqual({
      name: 'approve',
      run: RUN,
      step,
      digest: '3f9a1c2e',
    })
  }
})

test('a line of quotes takes no longer than any other', () => {
  expect(() => readCommand(`/codemie run ${'"'.repeat(3001)}`)).toThrow('A quote is not closed')
})
