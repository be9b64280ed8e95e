package demo

// serviceTable is the shop, one service a line, in the order in which
// --services keeps them.
//
//	proto    http or grpc
//	mesh     istio, linkerd or none: which proxy stands before the pods
//	v1 v2    pods of the stable version and of the canary
//	canary   percent of requests that go to v2
//	timeout  milliseconds after which a caller's proxy gives up; - is 15 s
const serviceTable = `
# name                lang    namespace   mesh     proto  port  v1 v2 canary timeout
web-bff               nodejs  shop        istio    http   8080  4  0  0      -
mobile-bff            nodejs  shop        istio    http   8080  3  1  10     -
session               go      shop        istio    grpc   9090  3  0  0      -
catalog               java    shop        istio    grpc   9090  4  1  10     -
inventory             go      shop        istio    grpc   9090  3  2  25     -
pricing               go      shop        istio    grpc   9090  3  0  0      -
cart                  nodejs  shop        istio    http   8080  3  0  0      -
checkout              java    shop        istio    http   8080  3  2  30     -
payment               java    payments    istio    grpc   9090  3  0  0      -
payment-gateway-us    go      payments    istio    http   8080  2  0  0      -
payment-gateway-kr    java    payments    istio    http   8080  2  0  0      -
credit-card-processor java    payments    istio    http   8080  2  0  0      -
order                 java    shop        istio    grpc   9090  3  0  0      -
wishlist              nodejs  shop        istio    http   8080  2  1  35     -
recommendation        python  shop        istio    grpc   9090  3  1  10     -
ml-ranking            python  shop        istio    grpc   9090  2  0  0      800
search                java    shop        istio    http   8080  3  0  0      -
auth                  go      platform    istio    grpc   9090  3  0  0      -
user-profile          java    shop        istio    grpc   9090  2  0  0      -
review                python  content     linkerd  http   8080  2  0  0      -
rating                ruby    content     linkerd  http   8080  2  0  0      -
media                 go      content     linkerd  http   8080  2  0  0      -
cms                   php     content     linkerd  http   8080  2  0  0      -
currency              cpp     shop        istio    grpc   9090  2  0  0      -
promotion             java    shop        istio    grpc   9090  2  0  0      -
coupon                python  shop        istio    grpc   9090  2  0  0      -
tax                   go      shop        istio    grpc   9090  2  0  0      -
shipping-rates        go      fulfilment  istio    grpc   9090  2  0  0      -
fraud                 python  payments    istio    grpc   9090  2  0  0      -
loyalty               java    shop        istio    grpc   9090  2  0  0      -
billing               java    payments    istio    grpc   9090  2  0  0      -
invoice               dotnet  payments    istio    grpc   9090  2  0  0      -
receipt-renderer      nodejs  serverless  none     http   443   2  0  0      -
warehouse             java    fulfilment  istio    grpc   9090  2  0  0      -
shipping              java    fulfilment  istio    http   8080  2  0  0      -
notification          nodejs  shop        istio    http   8080  2  0  0      -
email-sender          nodejs  shop        istio    http   8080  2  0  0      -
sms-sender            nodejs  shop        istio    http   8080  2  0  0      -
push-sender           go      shop        istio    http   8080  2  0  0      -
config                go      platform    istio    grpc   9090  2  0  0      -
feature-flags         rust    platform    istio    grpc   9090  2  0  0      -
analytics             java    platform    none     http   8080  2  0  0      -
audit-log             go      platform    none     http   8080  2  0  0      -
`

// routeTable is what visitors ask the ingress gateway for: weight, service,
// operation.
const routeTable = `
22 web-bff    GET:/api/products/{id}
14 web-bff    GET:/api/search
14 web-bff    GET:/api/home
9  web-bff    GET:/api/cart
6  web-bff    POST:/api/cart/items
5  web-bff    POST:/api/checkout
4  web-bff    POST:/api/login
4  web-bff    GET:/api/wishlist
3  web-bff    GET:/api/orders
2  web-bff    POST:/api/reviews
1  web-bff    GET:/api/account
8  mobile-bff GET:/m/v2/feed
7  mobile-bff GET:/m/v2/products/{id}
4  mobile-bff POST:/m/v2/checkout
2  mobile-bff POST:/m/v2/push/token
`

// topicTable is the Kafka topics: topic, consuming service, and whether each
// message is processed alone inside its producer's trace (single) or many
// together in a trace of their own that links to the producers (batch).
const topicTable = `
orders.created   notification single
orders.paid      shipping     single
payments.settled billing      single
events.behaviour analytics    batch
audit.events     audit-log    batch
`

// defaultTimeout is how long a caller's proxy waits for an answer, in
// milliseconds; Envoy's own default is 15 s.
const defaultTimeout = 15000
