// Reads a list of VAT ids as JSON, and writes whether the package jsvat takes each for valid.
import { createRequire } from 'node:module'

const jsvat = createRequire(import.meta.url)('jsvat')
const countries = [
  'austria', 'belgium', 'bulgaria', 'croatia', 'cyprus', 'czechRepublic', 'denmark', 'estonia', 'finland', 'france',
  'germany', 'greece', 'hungary', 'ireland', 'italy', 'latvia', 'lithuania', 'luxembourg', 'malta', 'netherlands',
  'norway', 'poland', 'portugal', 'romania', 'slovakiaRepublic', 'slovenia', 'spain', 'sweden', 'switzerland',
  'unitedKingdom',
].map((name) => jsvat[name])
if (countries.includes(undefined)) throw new Error(Object.keys(jsvat).join())

let input = ''
for await (const chunk of process.stdin) input += chunk
process.stdout.write(JSON.stringify(JSON.parse(input).map((id) => jsvat.checkVAT(id, countries).isValid)))
