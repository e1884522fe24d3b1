import { expect, test } from 'vitest'
import { nameDefinition } from '../../../action/definition-name.ts'

test.each([
  ['.codemie/workflows/review.yaml', 'review'],
  ['.codemie/workflows/review.yml', 'review.yml'],
  ['.codemie/workflows/review.toml', 'review.toml'],
  ['.codemie/workflows/review.codemie.yaml', 'review.codemie.yaml'],
  ['.codemie/workflows/a/review.yaml', 'a/review.yaml'],
  ['.codemie/workflows/b/review.yaml', 'b/review.yaml'],
  ['a/review.yaml', './a/review.yaml'],
  ['review.yaml', './review.yaml'],
])('%s is called %s', (file, name) => {
  expect(nameDefinition(file)).toBe(name)
})
