import { Body, Controller, Delete, Get, Param, Patch, Post } from '@nestjs/common';
import { Access, CurrentUser, type Identity } from '../http/access.js';
import { ApiDoc } from '../http/api-doc.js';
import { idParameter } from '../http/schema.js';
import { cart, cartAddition, cartQuantity, type CartAddition, type CartQuantity } from './cart.dto.js';
import { CartService } from './cart.service.js';

@Controller('cart')
export class CartController {
  constructor(private readonly carts: CartService) {}

  @Get()
  @Access()
  @ApiDoc({ summary: 'The own cart', description: 'Prices and stock are those of this moment.', answer: cart })
  get(@CurrentUser() user: Identity) {
    return this.carts.get(user.userId);
  }

  @Post('add')
  @Access()
  @ApiDoc({
    summary: 'Add a product to the cart',
    description: 'The quantity is added to what is there: 409 past 99 of one product or past 100 products.',
    answer: cart,
    problems: [404, 409],
  })
  add(@CurrentUser() user: Identity, @Body({ schema: cartAddition }) body: CartAddition) {
    return this.carts.add(user.userId, body);
  }

  @Patch('items/:product_id')
  @Access()
  @ApiDoc({ summary: 'Set the quantity of a product in the cart', answer: cart, problems: [404] })
  setQuantity(
    @CurrentUser() user: Identity,
    @Param('product_id', { schema: idParameter }) productId: number,
    @Body({ schema: cartQuantity }) body: CartQuantity,
  ) {
    return this.carts.setQuantity(user.userId, productId, body.quantity);
  }

  @Delete('items/:product_id')
  @Access()
  @ApiDoc({ summary: 'Take a product out of the cart', answer: cart, problems: [404] })
  remove(@CurrentUser() user: Identity, @Param('product_id', { schema: idParameter }) productId: number) {
    return this.carts.remove(user.userId, productId);
  }

  @Delete()
  @Access()
  @ApiDoc({ summary: 'Empty the cart', answer: cart })
  clear(@CurrentUser() user: Identity) {
    return this.carts.clear(user.userId);
  }
}
