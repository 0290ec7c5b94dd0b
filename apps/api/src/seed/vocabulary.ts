const words = (text: string): string[] => text.trim().split(/\s*[|\n]\s*/);

/** The words that names and texts are put together from. All of it is invented; people's names are common ones. */
export const vocabulary = {
  firstNames: words(`Ana|Ben|Carla|David|Elena|Felix|Grace|Hugo|Irene|Jonas|Karen|Luis|Marta|Nora|Oscar|Paula|Quentin|Rosa|Samuel|Teresa
    Ulises|Vera|Walter|Ximena|Yolanda|Zoe|Adrian|Bruno|Clara|Diego|Emma|Fatima|George|Helen|Ivan|Julia|Kevin|Laura|Miguel|Nadia`),
  lastNames: words(`Garcia|Smith|Martinez|Johnson|Lopez|Brown|Sanchez|Miller|Perez|Davis|Gomez|Wilson|Ruiz|Moore|Diaz|Taylor|Torres|Clark
    Vargas|Lewis|Castro|Walker|Ortiz|Young|Rojas|Allen|Silva|King|Mendez|Wright|Navarro|Hill|Fuentes|Green|Campos|Baker|Rivera|Adams`),
  streets: words(
    'Oak Street|Maple Avenue|Calle Mayor|Station Road|Hill Lane|Mill Street|Park Avenue|River Road|Church Street|Sunset Drive',
  ),
  cities: words('Springfield|Riverside|Fairview|Santa Clara|Georgetown|Greenville|Madison|Salem|Clinton|Arlington|Ashland|Dover|Newport'),
  adjectives: words(`Compact|Premium|Classic|Essential|Advanced|Portable|Slim|Everyday|Professional|Rugged|Quiet|Deluxe|Ultra|Smart|Modern
    Lightweight|Heavy-Duty|Signature|Studio|Travel|Platinum|Pure|Active|Precision|Elite`),
  features:
    words(`a two-year warranty|a scratch-resistant finish|tool-free assembly|low power consumption|a soft-touch coating|a compact footprint
    a reinforced frame|simple one-button operation|recyclable packaging|a washable cover|quick set-up in minutes|a carrying pouch`),
  benefits: words(`made to last for years of daily use|easy to clean and simple to store|designed with input from thousands of customers
    tested for safety in an independent laboratory|a dependable choice for home and office|ready to use out of the box
    small enough for any shelf|a favourite of returning customers`),
  colours: words('black|white|silver|graphite|navy|red|sand|forest green'),
  payments: words('card|card|card|card|paypal|paypal|bank_transfer|gift_card'),
  praise: words(`Exactly what I needed.|Works better than the one it replaced.|Arrived early and well packed.|Great value for the price.
    My family uses it every day.|Easy to set up, and quiet.|Would buy it again without a second thought.`),
  doubts: words(`Does the job, nothing more.|Good, but the manual could be clearer.|Fine for the price.|Decent quality, slow delivery.
    It is smaller than I expected.`),
  complaints: words(`Stopped working after two weeks.|Not as described.|The finish scratches far too easily.|Support took days to answer.
    I sent it back.`),
  titles: words(`How to choose a %|Our favourite % this season|%: what we learned after a year|Five things to know before you buy a %
    Is a new % worth the money?|A beginner's guide to the %|% on a budget|Taking care of your %`),
  paragraphs: words(`We compared a dozen models over six weeks, at home and on the road.|Price says less than you would think.
    The things that matter most are comfort, noise and how easy it is to clean.|Check the warranty before you order.
    Older models are often the better bargain, as long as spare parts are sold.|Measure twice: returns are a nuisance for everyone.
    If you only use it at weekends, the cheaper one will do.|Tell us in the comments what we have missed.`),
  remarks: words(`Thanks, this helped me decide.|I disagree about the price, but a good read.|Mine has lasted four years so far.
    Could you compare it with last year's model?|Bought one after reading this, no regrets.|The photos would help more if they were larger.
    Does anybody know whether spare parts are sold?`),
  topics: words('reviews|deals|guides|news|tips|repairs|comparisons|questions|accessories|gifts|beginners|projects'),
} as const;
