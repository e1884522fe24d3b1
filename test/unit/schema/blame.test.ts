import { describe, expect, test } from 'vitest'
import { type BlamedVersion, blameState } from '../../../schema/diff/blame.ts'
import { readWorkflow } from '../../../schema/read.ts'

interface Written {
  readonly task?: string
  readonly prompt?: string
  readonly id?: string
}

function version(
  written: Written | undefined,
  parents: readonly number[],
  more: Partial<BlamedVersion> = {},
) {
  const { task = 'Do it', prompt = 'You help', id = 's' } = written ?? {}
  const text = `assistants: [{ id: a, system_prompt: ${prompt} }]
states: [{ id: ${id}, assistant_id: a, task: ${task}, next: { state_id: end } }]
`
  const workflow = written && readWorkflow({ file: 'w.yaml', text }).workflow
  return { workflow, isRemoved: false, parents, isOldestHere: false, ...more }
}

/** `aspect version how`, of those that differ from how the state itself came. */
function blamed(versions: readonly BlamedVersion[], id = 's') {
  const found = blameState(versions, id).map(
    ({ code, version: place, how, isUnsure }) => `${code} ${place} ${how}${isUnsure ? ' unsure' : ''}`,
  )
  const wanted = ['task-changed', 'prompt-changed', 'state-renamed', 'retry-changed']
  return found.filter((line) => wanted.some((code) => line.startsWith(code)))
}

describe('blameState', () => {
  test.each<[situation: string, versions: readonly BlamedVersion[], expected: readonly string[]]>([
    [
      'one version',
      [version({}, [])],
      ['state-renamed 0 added', 'task-changed 0 added', 'prompt-changed 0 added', 'retry-changed 0 added'],
    ],
    [
      'changed twice, the later counts',
      [
        version({ task: 'c', prompt: 'P' }, [1]),
        version({ task: 'b', prompt: 'P' }, [2]),
        version({ task: 'a' }, []),
      ],
      [
        'state-renamed 2 added',
        'task-changed 0 changed',
        'prompt-changed 1 changed',
        'retry-changed 2 added',
      ],
    ],
    [
      'changed and changed back',
      [version({ task: 'a' }, [1]), version({ task: 'b' }, [2]), version({ task: 'a' }, [])],
      ['state-renamed 2 added', 'task-changed 0 changed', 'prompt-changed 2 added', 'retry-changed 2 added'],
    ],
    [
      'renamed in between',
      [
        version({ task: 'b' }, [1]),
        version({}, [2]),
        version({ id: 'old' }, [3]),
        version({ id: 'old', prompt: 'P' }, []),
      ],
      [
        'state-renamed 1 changed',
        'task-changed 0 changed',
        'prompt-changed 2 changed',
        'retry-changed 3 added',
      ],
    ],
    [
      'each side of a merge did a part',
      [
        version({ task: 'b', prompt: 'P' }, [1, 2]),
        version({ task: 'b' }, [3]),
        version({ prompt: 'P' }, [3]),
        version({}, []),
      ],
      [
        'state-renamed 3 added',
        'task-changed 1 changed',
        'prompt-changed 2 changed',
        'retry-changed 3 added',
      ],
    ],
    [
      'a merge that is like none of its sides',
      [
        version({ task: 'c' }, [1, 2]),
        version({ task: 'a' }, [3]),
        version({ task: 'b' }, [3]),
        version({}, []),
      ],
      ['state-renamed 3 added', 'task-changed 0 changed', 'prompt-changed 3 added', 'retry-changed 3 added'],
    ],
    [
      'errors in between',
      [version({ task: 'b' }, [1]), version(undefined, [2]), version({}, [])],
      [
        'state-renamed 2 added',
        'task-changed 0 changed unsure',
        'prompt-changed 2 added',
        'retry-changed 2 added',
      ],
    ],
    [
      'nothing but errors before',
      [version({}, [1]), version(undefined, [])],
      [
        'state-renamed 0 added unsure',
        'task-changed 0 added unsure',
        'prompt-changed 0 added unsure',
        'retry-changed 0 added unsure',
      ],
    ],
    [
      'taken away and brought back',
      [version({}, [1]), version(undefined, [2], { isRemoved: true }), version({ prompt: 'P' }, [])],
      ['state-renamed 2 added', 'task-changed 2 added', 'prompt-changed 0 changed', 'retry-changed 2 added'],
    ],
    [
      'history that is cut off',
      [version({ task: 'b' }, [1]), version({}, [], { isOldestHere: true })],
      [
        'state-renamed 1 not-later',
        'task-changed 0 changed',
        'prompt-changed 1 not-later',
        'retry-changed 1 not-later',
      ],
    ],
  ])('%s', (_situation, versions, expected) => {
    expect(blamed(versions)).toEqual(expected)
  })

  test('a state that is not there', () => {
    expect(blamed([version({}, [])], 'other')).toEqual([])
    expect(blamed([])).toEqual([])
  })
})
