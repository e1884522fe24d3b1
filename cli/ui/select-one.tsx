import { Box, render, Text, useApp, useInput } from 'ink'
import { useRef, useState } from 'react'
import type { Palette } from './palette.ts'

interface Choice {
  readonly name: string
  readonly summary: string
}

/**
 * Asks a person on the terminal to choose one of a few. Arrow keys or j and k move, a number or Enter chooses, Escape
 * and Ctrl-C leave. Resolves with the index, or `undefined` when left.
 */
export async function selectOne(options: {
  readonly question: string
  readonly choices: readonly Choice[]
  readonly palette: Palette
  readonly terminal: { readonly stdin: NodeJS.ReadStream; readonly stderr: NodeJS.WriteStream }
}): Promise<number | undefined> {
  const { question, choices, palette, terminal } = options
  let chosen: number | undefined
  const ink = render(
    <Select
      question={question}
      choices={choices}
      palette={palette}
      onChoose={(index) => {
        chosen = index
      }}
    />,
    {
      stdin: terminal.stdin,
      stdout: terminal.stderr,
      stderr: terminal.stderr,
      exitOnCtrlC: false,
      patchConsole: false,
    },
  )
  await ink.waitUntilExit()
  return chosen
}

/** The list itself; calls `onChoose` once and ends the Ink app. `undefined`: left without a choice. */
export function Select({
  question,
  choices,
  palette,
  onChoose,
}: {
  readonly question: string
  readonly choices: readonly Choice[]
  readonly palette: Palette
  readonly onChoose: (index: number | undefined) => void
}) {
  const app = useApp()
  const [at, setAt] = useState(0)
  // Keys can come faster than pictures: what Enter means is what was moved to, not what was last drawn.
  const place = useRef(0)
  const move = (by: number) => {
    place.current = (place.current + by + choices.length) % choices.length
    setAt(place.current)
  }
  const { bold, cyan, dim, symbols } = palette
  const finish = (index: number | undefined) => {
    onChoose(index)
    app.exit()
  }
  useInput((input, key) => {
    if (key.escape || (key.ctrl && input === 'c')) return finish(undefined)
    if (key.return) return finish(place.current)
    if (key.downArrow || input === 'j') return move(1)
    if (key.upArrow || input === 'k') return move(-1)
    const digit = Number.parseInt(input, 10)
    if (digit >= 1 && digit <= choices.length) finish(digit - 1)
  })
  const width = Math.max(...choices.map(({ name }) => name.length))
  return (
    <Box flexDirection="column">
      <Text>{bold(question)}</Text>
      {choices.map(({ name, summary }, index) => (
        <Text key={name} wrap="truncate">
          {index === at ? `${cyan(symbols.started)} ${cyan(name.padEnd(width))}` : `  ${name.padEnd(width)}`}{' '}
          {dim(summary)}
        </Text>
      ))}
      <Text>{dim('up and down to move, Enter to choose, Esc to leave')}</Text>
    </Box>
  )
}
