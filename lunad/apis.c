#include "lunad.h"

/* Every service exports its table of operations; main's order is this. */
extern const struct api cfn_api;
extern const struct api cloudwatch_api;
extern const struct api deliver_api;
extern const struct api dynamodb_api;
extern const struct api events_api;
extern const struct api iam_api;
extern const struct api kinesis_api;
extern const struct api kms_api;
extern const struct api s3_api;
extern const struct api ses_api;
extern const struct api sns_api;
extern const struct api sqs_api;
extern const struct api sts_api;

const struct api *const lunad_apis[] = {
    &sqs_api,
    &s3_api,
    &dynamodb_api,
    &cloudwatch_api,
    &sns_api,
    &events_api,
    &kinesis_api,
    &kms_api,
    &ses_api,
    &iam_api,
    &cfn_api,
    &sts_api,
    &deliver_api,
    NULL,
};
