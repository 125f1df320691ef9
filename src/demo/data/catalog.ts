/** A kind of article: what it is called, its usual price in cents from and to, its weight in grams, sizes. */
type Article = readonly [name: string, from: number, to: number, grams: number, sizes: readonly string[]];

interface Category {
  name: string;
  /** The first part of a SKU, and the brand it stands for. */
  brands: readonly (readonly [code: string, name: string])[];
  articles: readonly Article[];
  /** The last part of a SKU, and the word for it in the product's name. */
  colours: readonly (readonly [code: string, name: string])[];
}

const black = ['BK', 'black'] as const;
const white = ['WH', 'white'] as const;
const red = ['RD', 'red'] as const;
const blue = ['BL', 'blue'] as const;
const grey = ['GY', 'grey'] as const;
const yellow = ['YL', 'yellow'] as const;
const green = ['GN', 'green'] as const;
const brown = ['BR', 'brown'] as const;

/** What the wholesaler deals in. The order is that of `trades` in countries.ts. */
export const categories: readonly Category[] = [
  {
    name: 'Tools',
    brands: [
      ['HMR', 'Hammermann'],
      ['TRQ', 'TorqPro'],
      ['BOR', 'Boréal'],
      ['KNX', 'Kinex'],
    ],
    articles: [
      ['Claw Hammer', 899, 3900, 680, ['16 oz', '20 oz', '450 g']],
      ['Cordless Drill', 5900, 24900, 1900, ['12 V', '18 V', '18 V brushless']],
      ['Socket Set', 2400, 18900, 4200, ['½", 24-piece', '¼", 46-piece', '94-piece']],
      ['Adjustable Wrench', 1100, 4800, 420, ['8"', '10"', '250 mm']],
      ['Tape Measure', 450, 2600, 240, ['3 m', '5 m', "25'"]],
      ['Circular Saw Blade', 1250, 8900, 510, ['Ø 160', 'Ø 190', '7¼"']],
      ['Combination Pliers', 790, 4200, 290, ['160 mm', '180 mm', '8"']],
      ['Spirit Level', 1290, 7900, 830, ['40 cm', '60 cm', '120 cm']],
    ],
    colours: [black, red, blue, yellow],
  },
  {
    name: 'Electrical',
    brands: [
      ['ELX', 'Elexa'],
      ['VLT', 'Voltis'],
      ['LUM', 'Lumière'],
      ['AMP', 'Ampère & Co'],
    ],
    articles: [
      ['Cable Reel', 1900, 11900, 3600, ['25 m', '50 m', '3×1.5 mm², 40 m']],
      ['LED Panel', 1490, 9800, 1800, ['60×60', '30×120', '36 W, 4000 K']],
      ['Circuit Breaker', 690, 6900, 180, ['B16 A', 'C20 A', '3-pole, 32 A']],
      ['Junction Box', 190, 1490, 130, ['IP44', 'IP65', '100×100']],
      ['Extension Lead', 590, 3900, 760, ['3 m', '5 m', '4-way, 10 m']],
      ['Wall Socket', 240, 1890, 110, ['230 V', 'double', 'with USB-C']],
      ['Motion Sensor', 1290, 5900, 160, ['180°', '360°', 'outdoor']],
      ['Cable Ties (100)', 150, 990, 140, ['100×2.5 mm', '200×3.6 mm', '300×4.8 mm']],
    ],
    colours: [black, white, grey],
  },
  {
    name: 'Packaging',
    brands: [
      ['PAK', 'Pakora'],
      ['BXL', 'Boxline'],
      ['KRT', 'Kartonia'],
      ['WRP', 'WrapIt'],
    ],
    articles: [
      ['Shipping Carton', 35, 390, 420, ['300×200×150', '400×300×200', '24"×18"×12"']],
      ['Stretch Film', 450, 1890, 2300, ['500 mm, 17 µm', '500 mm, 23 µm', '18"']],
      ['Packing Tape', 90, 690, 160, ['50 mm × 66 m', '75 mm', 'fragile print']],
      ['Padded Envelope', 12, 160, 30, ['A5', 'A4', 'A3']],
      ['Pallet Collar', 990, 3900, 7400, ['1200×800', '800×600', '1200×1000']],
      ['Void Fill Paper', 1290, 4900, 9800, ['390 mm', '70 g/m²', '450 m roll']],
      ['Edge Protector (50)', 690, 3900, 5100, ['35×35', '50×50', '1 m']],
    ],
    colours: [brown, white, black],
  },
  {
    name: 'Cleaning',
    brands: [
      ['CLN', 'Cleanova'],
      ['PUR', 'Purísima'],
      ['SNI', 'Sanitas'],
      ['FRS', 'Frisch'],
    ],
    articles: [
      ['Spray Bottle', 190, 790, 90, ['500 ml', '750 ml', '1 l']],
      ['Microfibre Cloth', 90, 890, 60, ['40×40', '32×32, 10-pack', 'for glass']],
      ['Mop Head', 390, 1990, 310, ['40 cm', '50 cm', '350 g']],
      ['Soap Dispenser', 1290, 5900, 640, ['500 ml', '1 l', 'with sensor']],
      ['Bin Liners (50)', 250, 1490, 900, ['35 l', '120 l', '240 l']],
      ['Mop Bucket', 1990, 8900, 3800, ['15 l', '25 l', 'double, 2×15 l']],
      ['Floor Squeegee', 790, 3900, 980, ['45 cm', '55 cm', '75 cm']],
    ],
    colours: [white, blue, green, yellow, red],
  },
  {
    name: 'Office',
    brands: [
      ['OFX', 'Offix'],
      ['PAP', 'Papyra'],
      ['DSK', 'Deskline'],
      ['SKR', 'Skrivo'],
    ],
    articles: [
      ['Coloured Card (250)', 690, 1990, 2500, ['A4, 160 g/m²', 'A3, 160 g/m²', 'A4, 220 g/m²']],
      ['Ballpoint Pens (50)', 490, 2900, 420, ['0.5 mm', '0.7 mm', 'M']],
      ['Lever Arch File', 120, 690, 480, ['A4, 80 mm', 'A4, 50 mm', 'A5']],
      ['Stapler', 390, 3900, 330, ['24/6', '26/6', '100 sheets']],
      ['Desk Lamp', 1490, 8900, 1700, ['LED', 'with clamp', 'dimmable']],
      ['Letter Tray', 290, 1490, 380, ['A4', 'A4, 5-pack', 'C4']],
      ['Office Chair', 6900, 39900, 14800, ['mesh', 'with armrests', 'high back']],
    ],
    colours: [black, white, grey, blue, red],
  },
  {
    name: 'Food Service',
    brands: [
      ['GST', 'Gastrona'],
      ['CHF', 'Chef & Söhne'],
      ['KIT', 'Kitchenward'],
      ['NAP', 'Nappé'],
    ],
    articles: [
      ['Chef Knife', 1490, 14900, 230, ['20 cm', '26 cm', '10"']],
      ['Serving Tray', 690, 4900, 890, ['GN 1/1', '45×32', 'Ø 40']],
      ['Napkins (200)', 190, 1290, 480, ['33×33, 2-ply', '40×40, 3-ply', 'cocktail']],
      ['Enamel Pot', 2900, 12900, 2900, ['5 l', '10 l', 'Ø 28']],
      ['Take-away Box (100)', 890, 4900, 1500, ['750 ml', '1000 ml', '9"×6"']],
      ['Cutting Board', 790, 5900, 1900, ['GN 1/1', '45×30', '60×40']],
      ['Coffee Cups (50)', 290, 1890, 700, ['8 oz', '12 oz', '0.3 l']],
    ],
    colours: [white, black, red, green],
  },
];
