//! temporary
#![allow(warnings, clippy::all)]
use broker::*; use std::time::*; use std::sync::*; use std::collections::*; use domain::{job::*, clock::*, outcome::*};
use apalis::{prelude::*, layers::WorkerBuilderExt};
#[tokio::main(flavor="multi_thread", worker_threads=2)]
async fn main(){
  tracing_subscriber_init();
  let secs: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
  let vhost = testing::TestVhost::create().await;
  println!("VHOST {}", vhost.url().expose());
  let config = vhost.config(Duration::from_millis(100));
  topology::ensure(&config).await.unwrap();
  let done=Arc::new(Mutex::new(HashMap::<String,u32>::new())); let d2=done.clone();
  let backend=RabbitBackend::new(ConsumerConfig{broker:config.clone(),kind:Kind::CreateIntent,prefetch:20},Publisher::connect(config.clone()));
  let st=backend.status();
  let (tx,rx)=tokio::sync::oneshot::channel::<()>();
  let w=WorkerBuilder::new("w").backend(backend).concurrency(16).catch_panic().build(move |e: Envelope, _: WorkerContext|{let d=d2.clone(); async move { tokio::time::sleep(Duration::from_millis(3)).await; if e.attempt==1&&e.job_id.ends_with('7'){return Ok::<_,BoxDynError>(Disposition::Retry{reason:Reason::new(ErrorClass::Internal,"x"),delay:Duration::from_millis(200),at_least:Duration::ZERO})} *d.lock().unwrap().entry(e.job_id).or_default()+=1; Ok(Disposition::Complete)}});
  let h=tokio::spawn(w.run_until(async move{let _=rx.await;Ok::<(),WorkerError>(())}));
  let p=Publisher::connect(config.clone());
  let start=Instant::now(); let mut n=0; let mut ok=HashSet::new(); let mut bad=0; let mut last=true; let mut slow=Duration::ZERO;
  while start.elapsed()<Duration::from_secs(secs){
    let ids:Vec<String>=(0..20).map(|i|format!("job_{}",n+i)).collect(); n+=20;
    let batch=ids.iter().map(|id|(Target::Jobs,Envelope{job_id:id.clone(),kind:"create_intent".into(),correlation_id:"p".into(),schema:1,attempt:1,snoozes:0,redelivered:false,reply_to:None,published_by:None,traceparent:None,published_at:SystemClock.now(),body:vec![b'x';1024]})).collect();
    let t=Instant::now(); let r=p.publish_all(batch).await; slow=slow.max(t.elapsed());
    let all=r.iter().all(|x|x.is_ok()); if all!=last {println!("{:.1}s all ok={all} consuming={} {:?}",start.elapsed().as_secs_f64(),st.is_consuming(),r.iter().find(|x|x.is_err())); last=all;}
    for (id,r) in ids.into_iter().zip(r){ if r.is_ok(){ok.insert(id);}else{bad+=1} }
    tokio::time::sleep(Duration::from_millis(30)).await;
  }
  let t=Instant::now();
  loop { let left=ok.iter().filter(|i|!done.lock().unwrap().contains_key(*i)).count(); if left==0||t.elapsed()>Duration::from_secs(240){println!("confirmed {} refused {bad} left {left} after {:?}, repeated {}, slowest batch {slow:?}",ok.len(),t.elapsed(),done.lock().unwrap().values().filter(|c|**c>1).count());break} tokio::time::sleep(Duration::from_millis(200)).await; }
  tx.send(()).unwrap(); println!("stopped {:?}", tokio::time::timeout(Duration::from_secs(20),h).await.is_ok());
}
fn tracing_subscriber_init(){}
