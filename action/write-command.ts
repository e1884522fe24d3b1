import type { Command } from './read-command.ts'

/** A line that `readCommand` reads as these words, for people to copy. */
export function writeCommand(name: Command['name'], ...words: readonly string[]): string {
  return ['/codemie', name, ...words.map(quoteWord)].join(' ')
}

function quoteWord(word: string): string {
  if (/^[\w./[\]%#@:+=-]+$/.test(word)) return word
  return `"${word.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`
}
