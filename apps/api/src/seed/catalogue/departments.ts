/** What a branch of the category tree sells: who makes it, what it costs, and how its products are named. */
export interface Department {
  readonly brands: readonly string[];
  /** The cheapest and the dearest, in whole units of the shop's currency. */
  readonly price: readonly [number, number];
  /** For branches named by genre, team or title, where a thing has to be added: "Reggae" is sold as "Reggae Collection". */
  readonly thing?: string;
  /** Numbered by volume instead of by model. */
  readonly hasVolumes?: boolean;
}

/** By the name of a category; its nearest listed ancestor decides. Every top-level category is listed. */
export const departments: Readonly<Record<string, Department>> = {
  Appliances: {
    brands: ['Amana', 'Bosch', 'Dyson', 'Electrolux', 'Frigidaire', 'GE', 'KitchenAid', 'LG', 'Maytag', 'Samsung', 'Whirlpool'],
    price: [60, 2400],
  },
  Audio: {
    brands: ['Beats by Dre', 'Bose', 'JBL', 'Jabra', 'Klipsch', 'Sennheiser', 'Skullcandy', 'Sonos', 'Sony', 'Yamaha'],
    price: [15, 800],
  },
  'Cameras & Camcorders': {
    brands: ['Canon', 'Epson', 'Fujifilm', 'GoPro', 'Lowepro', 'Olympus', 'Panasonic', 'Sigma', 'Sony', 'Tamron'],
    price: [12, 1900],
  },
  'Car Electronics & GPS': { brands: ['Alpine', 'Garmin', 'JVC', 'Kenwood', 'Kicker', 'Lorex', 'TomTom', 'Viper'], price: [10, 600] },
  'Cell Phones': {
    brands: ['Apple', 'Belkin', 'Google', 'Huawei', 'Incase', 'LG', 'Motorola', 'OtterBox', 'Samsung', 'Speck', 'ZAGG', 'mophie'],
    price: [9, 900],
  },
  'Computers & Tablets': {
    brands: ['ASUS', 'Apple', 'Brother', 'Corsair', 'Dell', 'HP', 'Intel', 'Kingston', 'Lenovo', 'Logitech', 'Microsoft', 'NETGEAR', 'WD'],
    price: [12, 2000],
  },
  'Connected Home & Housewares': {
    brands: ['BISSELL', 'Breville', 'Crock-Pot', 'Cuisinart', 'Hoover', 'Keurig', 'Nest', 'Ninja', 'Philips Sonicare', 'Ring', 'Shark'],
    price: [12, 500],
  },
  'Health, Fitness & Beauty': { brands: ['Fitbit', 'Garmin', 'JayBird', 'Panasonic', 'Philips Norelco', 'Westinghouse'], price: [8, 350] },
  'Sports Fan Shop': { brands: ['Insignia', 'Lowepro', 'Modal', 'Zoom'], price: [12, 120], thing: 'Fan Jersey' },
  'Movies & Music': { brands: ['Disney', 'Pixar', 'Platinum', 'Showtime', 'Sony'], price: [6, 60], thing: 'Collection', hasVolumes: true },
  'Musical Instruments': { brands: ['Alpine', 'Blue Microphones', 'DW', 'Roxio', 'Yamaha', 'Zildjian', 'Zoom'], price: [15, 1500] },
  'TV & Home Theater': {
    brands: ['Denon', 'LG', 'Onkyo', 'Panasonic', 'Roku', 'Samsung', 'Sanus', 'Sony', 'TCL', 'VIZIO'],
    price: [15, 2200],
  },
  'Toys, Games & Drones': { brands: ['DJI', 'Disney', 'LeapFrog', 'Parrot', 'VTech', 'Swann'], price: [7, 300] },
  'TV, Movie & Character Toys': { brands: ['Disney', 'Pixar', 'LeapFrog', 'VTech'], price: [7, 80], thing: 'Toy' },
  'Video Games': { brands: ['Logitech', 'Microsoft', 'Razer', 'Sony', 'Corsair', 'XFX'], price: [10, 450] },
  'Gaming Collections': { brands: ['Disney', 'Microsoft', 'Sony', 'Razer'], price: [15, 90], thing: 'Game', hasVolumes: true },
  'Wearable Technology': { brands: ['Apple', 'Fitbit', 'Garmin', 'Huawei', 'Samsung', 'Sony', 'UP by Jawbone'], price: [20, 700] },
};
