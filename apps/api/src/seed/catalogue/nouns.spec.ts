import { nounsOf } from './nouns.js';

describe('nounsOf', () => {
  it.each([
    ['Hand Mixers', ['Hand Mixer']],
    ['Cameras & Camcorders', ['Camera', 'Camcorder']],
    ['Blu-ray & DVD Players', ['Blu-ray Player', 'DVD Player']],
    ['DSL & Cable Modems and Gateways', ['DSL Modem', 'Cable Modem', 'Gateway']],
    ['Wireless & Bluetooth Mice', ['Wireless Mouse', 'Bluetooth Mouse']],
    ['Binders, Folders & Filing', ['Binder', 'Folder', 'Filing']],
    ['CD/DVD Duplicators', ['CD/DVD Duplicator']],
    ['Pencils/Pens', ['Pencil', 'Pen']],
  ])('makes single things of "%s"', (name, nouns) => {
    expect(nounsOf(name)).toEqual(nouns);
  });

  it.each([
    ['Over-Ear Headphones', 'Over-Ear Headphones'],
    ['3D Glasses', '3D Glasses'],
    ['Batteries', 'Battery'],
    ['Watches', 'Watch'],
    ['Lenses', 'Lens'],
    ['TVs', 'TV'],
    ['Marine GPS', 'Marine GPS'],
    ['Bluegrass', 'Bluegrass'],
  ])('knows the singular of "%s"', (plural, singular) => {
    expect(nounsOf(plural)).toEqual([singular]);
  });

  it('drops words that say nothing of their own', () => {
    expect(nounsOf('All Monitors')).toEqual(['Monitor']);
    expect(nounsOf('Turntables & Accessories')).toEqual(['Turntable']);
    expect(nounsOf('Accessories')).toEqual(['Accessories']);
  });
});
