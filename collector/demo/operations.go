package demo

// operationTable says what each operation does: service, operation, own work
// in milliseconds, steps. Steps run one after the other; steps joined by + run
// at the same time.
//
//	service/Operation        a call ("GET:/path" for HTTP operations)
//	#system.VERB.collection  a statement to the service's own store
//	!topic                   a message to Kafka
//	@host:VERB:/path:ms      a call to a third party that sends no telemetry
//	.name:ms                 an internal span
//
// Before a step, ~ means that its failure is tolerated and 30% that it runs
// that often; *3 after it repeats it. Steps to services that --services left
// out are skipped.
const operationTable = `
web-bff | GET:/api/home          | 3  | session/GetSession 50%~feature-flags/Evaluate cms/GET:/pages/{slug}+promotion/ListActive+~recommendation/ListRecommendations+catalog/ListProducts .renderPage:3 40%!events.behaviour
web-bff | GET:/api/products/{id} | 3  | session/GetSession catalog/GetProduct+~review/GET:/reviews/{id}+inventory/CheckStock+pricing/GetPrice+~recommendation/ListRecommendations .renderPage:2 40%!events.behaviour
web-bff | GET:/api/search        | 2  | search/GET:/v1/search 60%pricing/QuoteBasket .renderPage:2 30%!events.behaviour
web-bff | GET:/api/cart          | 2  | session/GetSession cart/GET:/v1/carts/{id} .renderPage:1
web-bff | POST:/api/cart/items   | 2  | session/GetSession cart/POST:/v1/carts/{id}/items 60%!events.behaviour
web-bff | POST:/api/checkout     | 3  | auth/ValidateToken checkout/POST:/v1/checkout !events.behaviour
web-bff | POST:/api/login        | 2  | auth/Authenticate session/CreateSession ~user-profile/GetProfile
web-bff | GET:/api/wishlist      | 2  | session/GetSession wishlist/GET:/v1/wishlists/{id} .renderPage:1
web-bff | GET:/api/orders        | 2  | auth/ValidateToken order/ListOrders 50%~shipping/GET:/v1/shipments/{id} .renderPage:2
web-bff | POST:/api/reviews      | 2  | auth/ValidateToken review/POST:/reviews
web-bff | GET:/api/account       | 2  | auth/ValidateToken user-profile/GetProfile+loyalty/GetPoints+order/ListOrders 30%coupon/ListMine .renderPage:2

mobile-bff | GET:/m/v2/feed          | 2 | session/GetSession ~recommendation/ListRecommendations+promotion/ListActive+feature-flags/Evaluate 40%media/GET:/images/{id}
mobile-bff | GET:/m/v2/products/{id} | 2 | session/GetSession catalog/GetProduct+inventory/CheckStock+pricing/GetPrice+~rating/GET:/ratings/{id}
mobile-bff | POST:/m/v2/checkout     | 3 | auth/ValidateToken checkout/POST:/v1/checkout !events.behaviour
mobile-bff | POST:/m/v2/push/token   | 1 | auth/ValidateToken user-profile/UpdateProfile

session | GetSession    | 0.4 | #redis.GET.session
session | CreateSession | 0.6 | #redis.SET.session

auth | ValidateToken | 0.7 | #redis.GET.token 4%config/GetConfig
auth | Authenticate  | 9   | user-profile/GetProfile .verifyPassword:28 #redis.SET.token !audit.events

user-profile | GetProfile    | 1.5 | #postgresql.SELECT.profiles
user-profile | UpdateProfile | 2   | #postgresql.UPDATE.profiles !audit.events

catalog | GetProduct   | 2 | #redis.GET.product 40%#postgresql.SELECT.products 60%~media/GET:/images/{id}
catalog | ListProducts | 4 | #postgresql.SELECT.products pricing/QuoteBasket

inventory | CheckStock | 0.8 | #postgresql.SELECT.stock 8%warehouse/Locate
inventory | Reserve    | 1.2 | #postgresql.SELECT.stock #postgresql.UPDATE.stock warehouse/Locate

pricing | GetPrice    | 0.6 | #redis.GET.price 30%promotion/Evaluate 50%currency/Convert
pricing | QuoteBasket | 1.0 | #redis.MGET.price 30%promotion/Evaluate

currency | Convert | 0.2 |

promotion | Evaluate   | 1.4 | #postgresql.SELECT.promotions 20%coupon/Validate
promotion | ListActive | 1.0 | #postgresql.SELECT.promotions 5%config/GetConfig

coupon | Validate | 1.6 | #postgresql.SELECT.coupons
coupon | Redeem   | 2.0 | #postgresql.UPDATE.coupons
coupon | ListMine | 1.6 | #postgresql.SELECT.coupons

cart | GET:/v1/carts/{id}        | 1.5 | #redis.HGETALL.cart pricing/QuoteBasket inventory/CheckStock
cart | POST:/v1/carts/{id}/items | 1.8 | #redis.HGETALL.cart inventory/CheckStock pricing/GetPrice #redis.HSET.cart
cart | DELETE:/v1/carts/{id}     | 0.8 | #redis.DEL.cart

checkout | POST:/v1/checkout | 6 | cart/GET:/v1/carts/{id} tax/Calculate+shipping-rates/Quote+25%coupon/Redeem inventory/Reserve payment/Authorize order/CreateOrder #postgresql.INSERT.checkouts cart/DELETE:/v1/carts/{id} !audit.events

tax | Calculate | 0.7 | #redis.GET.taxrules 10%config/GetConfig

shipping-rates | Quote | 1.0 | #redis.GET.rates 20%~@api.parcel-express.example:POST:/v3/rates:48

payment | Authorize | 4 | fraud/Score 62%payment-gateway-us/POST:/us/v2/authorize else:payment-gateway-kr/POST:/kr/v2/authorize #postgresql.INSERT.payments ~loyalty/AddPoints !payments.settled

payment-gateway-us | POST:/us/v2/authorize | 3 | credit-card-processor/POST:/v1/charge
payment-gateway-kr | POST:/kr/v2/authorize | 3 | .signRequest:2 credit-card-processor/POST:/v1/charge

credit-card-processor | POST:/v1/charge | 4 | #mysql.SELECT.tokens @api.cardnet.example:POST:/v2/authorizations:75 #mysql.INSERT.charges

fraud | Score | 5 | #mongodb.find.risk_profiles .scoreModel:9

loyalty | GetPoints | 1.2 | #postgresql.SELECT.points
loyalty | AddPoints | 1.6 | #postgresql.UPDATE.points

order | CreateOrder | 4 | #postgresql.INSERT.orders #postgresql.INSERT.order_lines !orders.created !orders.paid
order | ListOrders  | 3 | #postgresql.SELECT.orders #postgresql.SELECT.order_lines

billing | payments.settled | 3 | #postgresql.INSERT.ledger 60%invoice/Render

invoice | Render | 5 | #mysql.INSERT.invoices receipt-renderer/POST:/receipts

receipt-renderer | POST:/receipts | 35 | .renderPdf:60 @shop-receipts.s3.ap-northeast-2.amazonaws.com:PUT:/receipts:24

warehouse | Locate   | 2 | #mysql.SELECT.bins
warehouse | Allocate | 3 | #mysql.UPDATE.bins

shipping | orders.paid            | 3   | warehouse/Allocate shipping-rates/Quote #postgresql.INSERT.shipments
shipping | GET:/v1/shipments/{id} | 1.5 | #postgresql.SELECT.shipments

notification | orders.created | 2 | user-profile/GetProfile email-sender/POST:/send+50%push-sender/POST:/send+25%sms-sender/POST:/send #mongodb.insert.deliveries

email-sender | POST:/send | 6 | .renderTemplate:4 ~@smtp.mailpost.example:POST:/v3/mail/send:90
sms-sender   | POST:/send | 3 | ~@api.textline.example:POST:/2025-04-01/messages:130
push-sender  | POST:/send | 2 | #redis.GET.device ~@push.notify-hub.example:POST:/v1/projects/shop/messages:55

search | GET:/v1/search | 4 | #opensearch.search.products ~ml-ranking/Rank 70%catalog/ListProducts

recommendation | ListRecommendations | 4 | #redis.GET.candidates ~ml-ranking/Rank 12%feature-flags/Evaluate 25%catalog/ListProducts

ml-ranking | Rank | 14 | #redis.MGET.features .predict:12

review | GET:/reviews/{id} | 3 | #mongodb.find.reviews ~rating/GET:/ratings/{id}
review | POST:/reviews     | 3 | #mongodb.insert.reviews !audit.events

rating | GET:/ratings/{id} | 2 | #mysql.SELECT.ratings

media | GET:/images/{id} | 1.5 | 70%#redis.GET.image 30%@shop-media.s3.ap-northeast-2.amazonaws.com:GET:/images:18

cms | GET:/pages/{slug} | 4 | #mysql.SELECT.pages

wishlist | GET:/v1/wishlists/{id} | 2 | #mongodb.find.wishlists #mongodb.find.wishlist_items catalog/ListProducts

config | GetConfig | 0.4 | #redis.HGETALL.config

feature-flags | Evaluate | 0.3 | 6%config/GetConfig

analytics | events.behaviour | 4 | #opensearch.bulk.behaviour
audit-log | audit.events     | 2 | #opensearch.bulk.audit
`
