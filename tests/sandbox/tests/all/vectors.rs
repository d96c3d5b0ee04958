//! The steps of the signature, compared with published vectors.

use jdredis_sandbox::signature::{Parameters, canonical_path, canonical_query, steps};
use jdredis_sandbox::{DOCUMENTED_ANSWER, Request, SIGNATURE_VECTORS};
use serde_json::Value;

fn vectors(list: &str) -> Vec<Value> {
    let mut vectors: Value = serde_json::from_str(SIGNATURE_VECTORS).expect("the vectors are JSON");
    match vectors[list].take() {
        Value::Array(list) if !list.is_empty() => list,
        other => panic!("{list} is no filled list: {other}"),
    }
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} is no text in {vector}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn request(vector: &Value) -> Request {
    let headers = vector["headers"].as_array().expect("headers is a list");
    Request {
        method: text(vector, "method").to_owned(),
        target: format!("{}?{}", text(vector, "path"), text(vector, "query")),
        headers: headers
            .iter()
            .map(|header| {
                let part = |index: usize| header[index].as_str().expect("a header is a pair of texts");
                (part(0).to_owned(), part(1).as_bytes().to_vec())
            })
            .collect(),
        body: text(vector, "body").as_bytes().to_vec(),
        connection: 0,
    }
}

#[test]
fn every_step_is_as_published() {
    let vectors = vectors("signatures");
    assert_eq!(vectors.len(), 7);
    for vector in &vectors {
        let id = text(vector, "id");
        let request = request(vector);
        let parameters = Parameters {
            secret_key: text(vector, "secret_key"),
            date: text(vector, "date"),
            region: text(vector, "region"),
            service: text(vector, "service"),
            signed_headers: text(vector, "signed_headers"),
        };
        assert_eq!(canonical_path(request.path()), text(vector, "canonical_path"), "{id}");
        assert_eq!(
            canonical_query(request.query()),
            text(vector, "canonical_query"),
            "{id}"
        );
        let steps = steps(&request, &parameters);
        assert_eq!(steps.canonical_request, text(vector, "canonical_request"), "{id}");
        assert!(steps.canonical_request.ends_with(text(vector, "body_sha256")), "{id}");
        assert_eq!(steps.string_to_sign, text(vector, "string_to_sign"), "{id}");
        assert!(
            steps.string_to_sign.ends_with(text(vector, "canonical_request_sha256")),
            "{id}"
        );
        assert_eq!(hex(&steps.signing_key), text(vector, "signing_key"), "{id}");
        assert_eq!(steps.signature, text(vector, "signature"), "{id}");
        assert!(text(vector, "authorization").ends_with(&steps.signature), "{id}");
    }
}

#[test]
fn canonical_queries_are_as_published() {
    let vectors = vectors("canonical_queries");
    assert_eq!(vectors.len(), 18);
    for vector in &vectors {
        let request = Request {
            target: text(vector, "target").to_owned(),
            ..Request::default()
        };
        assert_eq!(request.query(), text(vector, "query"));
        assert_eq!(
            canonical_query(request.query()),
            text(vector, "canonical_query"),
            "{}",
            request.target
        );
    }
}

#[test]
fn a_path_is_encoded_once_whether_it_is_encoded_already_or_not() {
    for (sent, canonical) in [
        ("", "/"),
        ("/", "/"),
        ("/a:b/c", "/a%3Ab/c"),
        ("/a%3ab", "/a%3Ab"),
        ("/+%", "/%2B%25"),
    ] {
        assert_eq!(canonical_path(sent), canonical, "{sent}");
    }
}

#[test]
fn the_documented_answer_is_whole() {
    let answer: Value = serde_json::from_str(DOCUMENTED_ANSWER).expect("the documented answer is JSON");
    assert_eq!(answer["result"]["downloadUrls"][0]["name"], "node 0");
    assert_eq!(DOCUMENTED_ANSWER.len(), 996);
}
